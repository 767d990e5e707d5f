"""The error of a certificate that does not hold."""


class CertificateError(ValueError):
    """A certificate that the texts do not prove; the message names the record."""

"""The error that says what does not hold."""


class CertificateError(ValueError):
    """A certificate that the texts do not prove; the message names the record."""

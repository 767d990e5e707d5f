"""Scripts by room: README.md lists them in reading order; `import examples` works in a checkout alone."""

"""Studies: grids of seeded cells, planned in a file, run and read again."""

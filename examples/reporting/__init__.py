"""What `report.py` makes of a study: numbers, then sections of tables and figures, then files and a page.

- numbers: `facts`, `factors`, `arms`, `measures`, `contrasts`, `critics`, `tuning`, `samples`: `numbers`
- sections of training runs: `training_tables`, `curve_figures`, `comparison_figures`, in `training_sections`
- sections of other records: `game_section`, `negation_section`, `gradient_section`, by kind in `sections`
- how it looks: `look`, `tables`, `section`, `page`; what it says of the method: `methods`
"""

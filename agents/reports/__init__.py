"""Reports on studies: numbers, then sections of tables and figures, then files and a page.

- numbers: `facts`, `factors`, `arms`, `run_measures`, `contrasts`, `critics`, `tuning`, `plan`, in `numbers`
- sections of runs that train: `training_tables`, `curve_figures`, `comparison_figures`, `samples`, in
  `training_sections`; of other records: `records`, and those that a study brings, in `sections`
- what a study of one's own adds: `additions`
- how it looks: `colours`, `look`, `tables`, `section`, `page`, assets/; what it says of the method: `methods`
- all of it, from a folder to a folder: `report`
"""

from agents.reports.additions import Additions, load_additions
from agents.reports.look import Look, Picture
from agents.reports.report import check_answers, write_report
from agents.reports.section import Section
from agents.reports.tables import Table

__all__ = [
    "Additions",
    "Look",
    "Picture",
    "Section",
    "Table",
    "check_answers",
    "load_additions",
    "write_report",
]

// In what order search results stand: Sphinx's scores, but that names of the API stand behind pages and headings
// unless a name was typed whole. A word such as "KL" is in dozens of them.
var Scorer = {
  objNameMatch: 9,
  objPartialMatch: 0,
  objPrio: { 0: 3, 1: 3, 2: 0 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};

# What this repository uses of vaderSentiment 3.3, which has no types of its own.
B_INCR: float
B_DECR: float
C_INCR: float
N_SCALAR: float
NEGATE: list[str]
BOOSTER_DICT: dict[str, float]
SPECIAL_CASES: dict[str, float]

def normalize(score: float, alpha: float = 15) -> float: ...

class SentimentIntensityAnalyzer:
    lexicon: dict[str, float]
    emojis: dict[str, str]
    def polarity_scores(self, text: str) -> dict[str, float]: ...
    def score_valence(self, sentiments: list[float], text: str) -> dict[str, float]: ...
    def _punctuation_emphasis(self, text: str) -> float: ...

"""The tokenizer that lies beside the bundled language model."""

from importlib import resources

from agents.policies.bundled import bundled_folder
from examples.workshop.imdb_tokens import save_tokenizer


def test_the_language_model_comes_with_the_tokenizer_of_the_environments(tmp_path):
    """Copied by the script that trains it; who trains the tokenizer anew has to train the model, too."""
    save_tokenizer(tmp_path)
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert made == {name: (bundled_folder() / name).read_bytes() for name in made}
    assert made["tokenizer.json"] == (resources.files("rlsf_gym.text") / "assets/tokenizer.json").read_bytes()
    assert sorted(made) == ["tokenizer.json", "tokenizer_config.json"]

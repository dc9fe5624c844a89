"""Learn the shipped weights anew from the phrases: `make words`, after a change of mailer/triage/words/*.toml."""

from pathlib import Path

from mailer.triage.learning import learn
from mailer.triage.lexicon import languages, lexicon, written

WORDS = Path(__file__).parents[2] / "mailer" / "triage" / "words"

if __name__ == "__main__":
    for language in languages():
        data = learn(lexicon(language)).stored(written(language))
        (WORDS / f"{language}.weights").write_bytes(data)
        print(f"{language}: {len(data) / 1024:.0f} KB")

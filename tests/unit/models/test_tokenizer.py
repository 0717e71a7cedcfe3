import pytest
import torch
from open_clip.tokenizer import SimpleTokenizer

from trackspeak.models.errors import OptionError, QueryError
from trackspeak.models.tokenizer import CONTEXT_LENGTH, ClipTokenizer, Tokenizer, WordTokenizer, split_words

VOCABULARY = ["the", "red", "dark", "car", "leftmost", "light-blue", "van"]


def row(*ids: int) -> list[int]:
    return [*ids, *[0] * (CONTEXT_LENGTH - len(ids))]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The RED car!", ["the", "red", "car"]),
        ("driver\u2019s  'van'.", ["driver", "van"]),
        ("light-blue, dark_red\tcar", ["light-blue", "dark", "red", "car"]),
        ("don't \uff43\uff41\uff52 2", ["don't", "car", "2"]),
        ("-- ... \n", []),
    ],
)
def test_words_are_lower_case_and_free_of_punctuation(text: str, words: list[str]) -> None:
    assert split_words(text) == words


def test_words_are_numbered_between_unknown_and_start() -> None:
    tokenizer = WordTokenizer(VOCABULARY)
    encoded = tokenizer.encode(["the Red car", "car"])
    assert tokenizer.vocab_size == len(VOCABULARY) + 4
    assert encoded.tokens.dtype == torch.int64
    assert encoded.tokens.tolist() == [row(9, 2, 3, 5, 10), row(9, 5, 10)]
    assert encoded.unknown_words == [(), ()]


def test_the_end_token_is_the_largest_id_of_every_row() -> None:
    encoded = WordTokenizer(VOCABULARY).encode(["van", "the dark van", "zebra"])
    assert encoded.tokens.argmax(dim=1).tolist() == [2, 4, 2]


def test_unknown_words_are_named_once_per_text() -> None:
    encoded = WordTokenizer(VOCABULARY).encode(["the zebra and the Zebra", "red"])
    assert encoded.tokens[0].tolist() == row(9, 2, 1, 1, 2, 1, 10)
    assert encoded.unknown_words == [("zebra", "and"), ()]


def test_hyphens_are_read_as_the_vocabulary_has_them() -> None:
    encoded = WordTokenizer(VOCABULARY).encode(["light-blue", "left-most", "dark-red", "red-hot"])
    assert encoded.tokens.tolist() == [row(9, 7, 10), row(9, 6, 10), row(9, 4, 3, 10), row(9, 3, 1, 10)]
    assert encoded.unknown_words == [(), (), (), ("hot",)]


@pytest.mark.parametrize("vocabulary", [["car", "car"], ["Car"], ["red car"], [""], ["car's"]])
def test_a_vocabulary_that_no_text_can_meet_is_refused(vocabulary: list[str]) -> None:
    with pytest.raises(OptionError, match="vocabulary"):
        WordTokenizer(vocabulary)


@pytest.mark.parametrize("tokenizer", [WordTokenizer(VOCABULARY), ClipTokenizer()])
def test_75_tokens_fit_and_one_more_is_refused(tokenizer: Tokenizer) -> None:
    encoded = tokenizer.encode([" ".join(["car"] * 75)])
    assert encoded.tokens.shape == (1, CONTEXT_LENGTH)
    assert encoded.tokens[0, -1] == tokenizer.vocab_size - 1
    with pytest.raises(QueryError, match=r"at most 75 tokens, got 76"):
        tokenizer.encode(["car", " ".join(["car"] * 76)])


@pytest.mark.parametrize("tokenizer", [WordTokenizer(VOCABULARY), ClipTokenizer()])
@pytest.mark.parametrize("text", ["", " \t\n"])
def test_a_text_without_words_is_refused(tokenizer: Tokenizer, text: str) -> None:
    with pytest.raises(QueryError, match="at least one word"):
        tokenizer.encode([text])


def test_no_texts_give_no_rows() -> None:
    encoded = WordTokenizer(VOCABULARY).encode([])
    assert encoded.tokens.shape == (0, CONTEXT_LENGTH)
    assert encoded.unknown_words == []


def test_the_clip_tokenizer_gives_open_clips_tokens() -> None:
    texts = ["the red car", "Vehicles which are in the LEFT, and turning", "a zebra-striped van"]
    encoded = ClipTokenizer().encode(texts)
    assert torch.equal(encoded.tokens, SimpleTokenizer()(texts))
    assert encoded.unknown_words == [(), (), ()]
    assert ClipTokenizer().vocab_size == 49408

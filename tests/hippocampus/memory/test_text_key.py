"""Texts: tokens, words that are posting lists, and keys without anything installed."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from hippocampus.memory import wordpiece
from hippocampus.memory.text_key import (
    MODEL_PACKAGE,
    EncoderMissingError,
    HashingEncoder,
    SentenceEncoder,
    sentence_encoder,
)
from hippocampus.memory.words import WordIndex, stems

VOCABULARY = {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "un": 3, "##happi": 4, "##ness": 5, "!": 6}


def test_words_are_cut_into_the_longest_pieces_known():
    pieces = wordpiece.WordPiece(VOCABULARY, 0, 1, 2)
    assert pieces.tokens("Unhappiness! zebra", 64) == [1, 3, 4, 5, 6, 0, 2]
    assert pieces.tokens("Únhappiness!", 4) == [1, 3, 4, 2]


def test_a_file_without_a_vocabulary_is_refused(tmp_path):
    (tmp_path / "tokenizer.json").write_text('{"model": {"vocab": {"a": 1}}}')
    with pytest.raises(wordpiece.VocabularyError, match=r"tokenizer\.json"):
        wordpiece.load(tmp_path / "tokenizer.json")
    with pytest.raises(EncoderMissingError):
        SentenceEncoder(tmp_path / "model.onnx", tmp_path / "nothing.json")


def test_hashing_finds_what_was_said_alike():
    encoder = HashingEncoder()
    said = ["Anna showed me a red ball", "the window was open all night", "I was lifted up"]
    cosine = encoder.keys(said) @ encoder.keys(["a ball that Anna was showing"])[0]
    assert np.argmax(cosine) == 0
    assert np.allclose(np.linalg.norm(encoder.keys([*said, "", "the"]), axis=1), 1.0)


def test_rare_words_weigh_more():
    index = WordIndex()
    for text in ("the cat sat", "the cat ran", "the cat and the zebra", ""):
        index.add(text)
    scores = index.scores("cats and zebras")
    assert np.argmax(scores) == 2
    assert scores[3] == 0.0
    assert stems("What was Anna wearing?") == ["anna", "wear"]
    assert not WordIndex().scores("cat").any()


@pytest.mark.shared_data
def test_the_sentence_network_knows_synonyms(shared_data):
    if importlib.util.find_spec(MODEL_PACKAGE) is None:
        pytest.skip(f"{MODEL_PACKAGE} is not installed")
    encoder = sentence_encoder(shared_data / "minilm_tokenizer" / "tokenizer.json")
    said = encoder.keys(["A child picked me up.", "The stock market fell."])
    cosine = said @ encoder.keys(["a kid lifted the robot"])[0]
    assert cosine[0] > cosine[1] + 0.2
    tokens = wordpiece.load(shared_data / "minilm_tokenizer" / "tokenizer.json")
    assert tokens.tokens("Hello, world!", 16) == [101, 7592, 1010, 2088, 999, 102]

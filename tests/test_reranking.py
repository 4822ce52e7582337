from pathlib import Path

import pytest
from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

from bot.answering import Answerer
from bot.reranking import Reranker
from ingest.errors import ModelUnavailable
from ingest.models import default_model


@pytest.fixture
def cross_encoder(tmp_path: Path) -> str:
    """A real one, small and untrained."""
    config = BertConfig(
        hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8
    )
    config.num_labels = 1
    BertForSequenceClassification(config).save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(default_model().folder).save_pretrained(tmp_path)
    return str(tmp_path)


def test_passages_come_in_the_order_of_the_cross_encoder(
    answerer: Answerer, cross_encoder: str
) -> None:
    question = "What is energy imperialism?"
    reranker = Reranker(cross_encoder)
    reranking = Answerer(answerer.index, answerer.embeddings, reranker)
    everything = answerer.search(question, 100)
    found = reranking.search(question, 3)
    scores = reranker.load().predict([(question, each.passage.text) for each in everything])
    best = sorted(range(len(scores)), key=lambda place: -scores[place])[:3]
    assert found == [everything[place] for place in best]
    assert reranking.answer(question).text


def test_a_cross_encoder_that_is_not_there_is_told() -> None:
    with pytest.raises(ModelUnavailable, match="set RERANK_MODEL to"):
        Reranker("./no-such-model").load()

#!/usr/bin/env python3
"""Makes the smallest model that the server can run, of six words, for tests. Needs the packages onnx and numpy.

It looks each token's vector up and does nothing more: `star` and `favourite` mean the same, `[CLS]` and `[SEP]` nothing.
"""
import json
import pathlib

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

HERE = pathlib.Path(__file__).resolve().parent
VECTORS = {"[PAD]": [0, 0, 0, 0], "[UNK]": [0, 0, 0, 1], "[CLS]": [0, 0, 0, 0], "[SEP]": [0, 0, 0, 0], "star": [4, 0, 0, 0],
           "favourite": [4, 0, 0, 0], "repository": [0, 4, 0, 0], "issue": [0, 0, 4, 0], "email": [0, 0, -4, 0],
           "calendar": [0, -4, 0, 0]}
SPECIAL = [word for word in VECTORS if word.startswith("[")]


def special(word):
    return {"SpecialToken": {"id": word, "type_id": 0}}


def main():
    table = numpy_helper.from_array(numpy.array(list(VECTORS.values()), dtype=numpy.float32), "words")
    graph = helper.make_graph(
        [helper.make_node("Gather", ["words", "input_ids"], ["last_hidden_state"])], "tiny",
        [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"]) for name in ("input_ids", "attention_mask")],
        [helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["batch", "tokens", 4])], [table])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, HERE / "model.onnx")
    numbers = {word: number for number, word in enumerate(VECTORS)}
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    tokenizer = {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [{"id": numbers[word], "content": word} | flags for word in SPECIAL],
        "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None,
                       "lowercase": True},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing", "pair": [],
            "single": [special("[CLS]"), {"Sequence": {"id": "A", "type_id": 0}}, special("[SEP]")],
            "special_tokens": {word: {"id": word, "ids": [numbers[word]], "tokens": [word]} for word in ("[CLS]", "[SEP]")}},
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                  "max_input_chars_per_word": 100, "vocab": numbers},
    }
    (HERE / "tokenizer.json").write_text(json.dumps(tokenizer, indent=1) + "\n")


if __name__ == "__main__":
    main()

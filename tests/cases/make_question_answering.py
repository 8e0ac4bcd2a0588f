"""Makes the cases of question answering, of which transformers 4.57 has the last pipeline.

Needs Python 3.11+ and
    pip install torch==2.15.0 transformers==4.57.6
Run `python make_question_answering.py`.
"""

import shutil

import torch
import transformers
from transformers import pipeline

import texts
from head_texts import UNICODE
from writing import HERE, Cases, folder_of

TAG = "question-answering"
MODELS = ("bert-question-answering", "bert-question-answering-left", "roberta-question-answering")
BERLIN = "My name is Wolfgang and I live in Berlin, the capital of Germany. I love the weather there."
QUESTION = "Where do I live?"


def make(model):
    answer = pipeline(TAG, model=str(folder_of(model, None)), device="cpu", dtype=torch.float32)
    case = Cases(TAG, f"transformers {transformers.__version__} pipeline('{TAG}')", model,
                 lambda inputs, **parameters: answer(**inputs, **parameters))

    def ask(name, context, question=QUESTION, **parameters):
        case(name, {"question": question, "context": context}, **parameters)

    ask("default", BERLIN)
    ask("top-5", BERLIN, top_k=5)
    ask("tokens", BERLIN, align_to_words=False)
    ask("tokens-top-5", BERLIN, align_to_words=False, top_k=5)
    ask("short-answers", BERLIN, max_answer_len=2, top_k=3)
    ask("one-token", BERLIN, max_answer_len=1, top_k=3, align_to_words=False)
    ask("long-answers", BERLIN, max_answer_len=50, top_k=3)
    ask("impossible", BERLIN, handle_impossible_answer=True)
    ask("impossible-top-4", BERLIN, handle_impossible_answer=True, top_k=4)
    ask("short-question-len", BERLIN, max_question_len=2, top_k=2)
    ask("long", texts.LONG_REVIEW, top_k=3)
    ask("long-impossible", texts.LONG_REVIEW, top_k=3, handle_impossible_answer=True)
    ask("doc-stride", texts.LONG_REVIEW, doc_stride=8, top_k=3)
    ask("doc-stride-0", texts.words(150, 3), doc_stride=0, top_k=3)
    ask("max-seq-len", texts.LONG_REVIEW, max_seq_len=32, top_k=3)
    ask("max-seq-len-stride", texts.words(80, 5), max_seq_len=40, doc_stride=10, top_k=3, max_answer_len=4)
    ask("same-words", "the cat the cat the cat the dog the dog " * 4, top_k=3)
    ask("same-words-case", "The Cat the cat THE CAT the dog The Dog", "What is it?", top_k=2)
    ask("one-word", "Berlin")
    for name, text in UNICODE.items():
        ask(name, text, top_k=3)
        ask(f"{name}-tokens", text, "日本 😀 où?", top_k=3, align_to_words=False)
    case.write()


def main():
    transformers.logging.set_verbosity_error()
    shutil.rmtree(HERE / TAG, ignore_errors=True)
    for name in MODELS:
        make(f"checkpoints/{name}")


if __name__ == "__main__":
    main()

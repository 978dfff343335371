"""Computes with exported models what their authors' own libraries make of them.

    read-exports.py FOLDER

Each folder in FOLDER has a model.keras, a model.onnx or both, and an images.json of {shape, values}. Writes one line
of JSON: for each folder what each of its files gives for the images.
"""
import json
import os
import pathlib
import sys

os.environ.setdefault("KERAS_BACKEND", "numpy")

import keras
import numpy as np
import onnx
import onnxruntime


def with_keras(file, images):
    model = keras.saving.load_model(file, compile=False)
    return np.asarray(model(images, training=False))


def with_onnx(file, images):
    model = onnx.load(file)
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    (output,) = session.run(["probabilities"], {"images": images})
    return output


def read(folder):
    images = json.loads((folder / "images.json").read_text())
    batch = np.array(images["values"], dtype=np.float32).reshape(images["shape"])
    readers = {"model.keras": with_keras, "model.onnx": with_onnx}
    return {
        name: reader(str(folder / name), batch).tolist()
        for name, reader in readers.items()
        if (folder / name).exists()
    }


folders = sorted(folder for folder in pathlib.Path(sys.argv[1]).iterdir() if folder.is_dir())
print(json.dumps({folder.name: read(folder) for folder in folders}))

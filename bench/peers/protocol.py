"""What a Python peer says and hears: a line of JSON when it is warm, and one for each line that it is sent."""
import json
import sys
import time

ROUND_SECONDS = 1.5
MOST_STEPS = 50


def serve(train, batch, **said):
    """`train(steps)` trains, and waits for the end of it."""
    train(2)
    begin = time.perf_counter()
    train(2)
    step = (time.perf_counter() - begin) / 2
    steps = max(1, min(MOST_STEPS, round(ROUND_SECONDS / step)))
    train(steps)
    say(said)
    for _ in sys.stdin:
        begin = time.perf_counter()
        train(steps)
        say({'imagesPerSecond': steps * batch / (time.perf_counter() - begin)})


def say(message):
    print(json.dumps(message), flush=True)

import numpy as np

# The exclusive or: no single neuron can express it, two layers can.
x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=float)
t = np.array([[0], [1], [1], [0]], dtype=float)

rng = np.random.default_rng(0)
w1, b1 = rng.normal(size=(2, 8)), np.zeros(8)
w2, b2 = rng.normal(size=(8, 1)), np.zeros(1)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


for step in range(2001):
    # forward: keep what the backward pass needs
    h = np.tanh(x @ w1 + b1)
    p = sigmoid(h @ w2 + b2)
    loss = -np.mean(t * np.log(p) + (1 - t) * np.log(1 - p))

    # backward: the chain rule, from the loss to the first layer
    dz2 = (p - t) / len(x)  # cross-entropy and sigmoid together
    dw2, db2 = h.T @ dz2, dz2.sum(axis=0)
    dz1 = (dz2 @ w2.T) * (1 - h**2)  # the derivative of tanh is 1 - tanh^2
    dw1, db1 = x.T @ dz1, dz1.sum(axis=0)

    # one step downhill
    for parameter, gradient in ((w1, dw1), (b1, db1), (w2, dw2), (b2, db2)):
        parameter -= 0.5 * gradient

    if step % 500 == 0:
        print(f"step {step:4d}  loss {loss:.4f}  p {p.ravel().round(2)}")

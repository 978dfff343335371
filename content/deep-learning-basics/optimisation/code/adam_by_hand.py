import numpy as np


def adam(gradient, w, learning_rate=0.1, beta1=0.9, beta2=0.999, epsilon=1e-8):
    """Minimise a function from its gradient (Kingma and Ba, 2015, algorithm 1)."""
    m = np.zeros_like(w)  # running mean of the gradient
    v = np.zeros_like(w)  # running mean of its square
    for t in range(1, 201):
        g = gradient(w)
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        m_hat = m / (1 - beta1**t)  # both means start at zero:
        v_hat = v / (1 - beta2**t)  # correct their bias
        w = w - learning_rate * m_hat / (np.sqrt(v_hat) + epsilon)
        if t == 1:
            print("after one step:", w)  # every weight has moved by 0.1
    return w


# A ravine: f(w) = (w0^2 + 1000 w1^2) / 2, steep in one direction, flat in the other
curvature = np.array([1.0, 1000.0])
print("after 200 steps:", adam(lambda w: curvature * w, np.array([-2.0, 1.0])).round(4))

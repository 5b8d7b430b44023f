# SPDX-License-Identifier: Apache-2.0

from multiprocessing import Pool


def start(base):
    global table
    table = [pow(base, i, 1009) for i in range(16)]


def checksum(text):
    if not text:
        raise ValueError("no text")
    return sum(table[i % 16] * ord(c) for i, c in enumerate(text)) % 1009


if __name__ == "__main__":
    with Pool(initializer=start, initargs=(31,)) as pool:
        asked = [(text, pool.apply_async(checksum, (text,))) for text in ("alpha", "beta", "", "gamma")]
        for text, result in asked:
            try:
                print(text, result.get())
            except ValueError as error:
                print("failed:", error)

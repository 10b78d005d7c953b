"""Benchmarks: figures of one run, each beside what it is compared with, and beside the design's aim.

Times of different machines do not compare. So every figure stands against something measured in the same run: the
wire, a baseline kernel, a plain connection; and no test asserts one.
"""

"""Flows as pictures: a graph of words, laid out in layers, drawn as SVG or written as Mermaid."""

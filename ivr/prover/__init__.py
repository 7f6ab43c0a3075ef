"""Walks every path of a flow over every class of moment, and shows that each caller ends somewhere (`svar prove`)."""

import gc

# Nothing of what is imported becomes garbage: looking through it again and again was a fifth of a command's start.
gc.disable()
from svar.cli import app  # noqa: E402

gc.freeze()
gc.enable()
app(prog_name="svar")

from svar.cli import app

app(prog_name="svar")

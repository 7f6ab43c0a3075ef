from svar.cli import app

app()

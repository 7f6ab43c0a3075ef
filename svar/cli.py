"""The command line: `bin/svar COMMAND --help`."""

import typer

from svar.commands.agent import PhoneUnlessNamed
from svar.commands.agent import agent as phone
from svar.commands.call import call
from svar.commands.check import check
from svar.commands.crisis import crisis
from svar.commands.demo import demo
from svar.commands.diff import diff
from svar.commands.docs import docs
from svar.commands.graph import graph
from svar.commands.password import password
from svar.commands.prompts import prompts
from svar.commands.prove import prove
from svar.commands.publish import publish
from svar.commands.rollback import rollback
from svar.commands.roster import roster
from svar.commands.scenarios import scenarios
from svar.commands.serve import serve
from svar.commands.simulate import simulate
from svar.commands.token import token
from svar.commands.trace import trace
from svar.commands.versions import versions
from svar.commands.voicemail import voicemail
from svar.commands.why import why

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
app.command()(serve)
app.command()(demo)
app.command()(call)
agent = typer.Typer(cls=PhoneUnlessNamed, no_args_is_help=True, help="An agent's phone, and its password.")
agent.command(name="phone")(phone)
agent.command(name="password")(password)
app.add_typer(agent, name="agent")
app.command()(check)
app.command(name="test")(scenarios)
app.command()(simulate)
app.command()(trace)
app.command()(why)
app.command()(prove)
app.command()(publish)
app.command()(rollback)
app.add_typer(versions, name="versions")
app.add_typer(crisis, name="crisis")
app.add_typer(roster, name="roster")
app.command()(docs)
app.command()(graph)
app.command()(diff)
app.add_typer(prompts, name="prompts")
app.add_typer(voicemail, name="voicemail")
app.add_typer(token, name="token")

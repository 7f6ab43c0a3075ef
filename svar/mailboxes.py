"""The mailboxes of the configuration, in the state folder."""

from contextlib import AsyncExitStack
from pathlib import Path

from ivr.mailbox_folder import MailboxFolder, Terms
from ivr.over_sip.telephony import Identity
from svar.config import Config, ConfigError
from svar.parts import Parts


def folder(config: Config) -> Path:
    """Where they are."""
    return Path(config.node.state) / "voicemail"


async def opened(config: Config, identity: Identity, parts: Parts, stack: AsyncExitStack) -> MailboxFolder | None:
    """Those of the configuration, pruned from now on; None where there are none. Raises ConfigError."""
    if not config.mailbox:
        return None
    terms = {
        mailbox.name: Terms(mailbox.most_messages, mailbox.most_mb * 1_000_000, mailbox.keep_days)
        for mailbox in config.mailbox
    }
    made = MailboxFolder(folder(config), terms, identity.now_ms)
    try:
        await made.start()
    except OSError as error:
        raise ConfigError(f"[[mailbox]]: {error.filename}: {error.strerror}") from None
    parts.run(stack, "mailboxes", made.tidy())
    return made

"""Complete commands, options, and names of machines and templates in bash, zsh and fish.

The shells ask `minga __complete WORDS…`, the last word being the one at the cursor. A portal that does not answer soon, or no sign-in, is no names.
"""

from argparse import Action, ArgumentParser, Namespace

from ..errors import MingaError

PATIENCE = 2.0  # seconds
SCRIPTS = {
    "bash": r"""_minga() {
  local word
  COMPREPLY=()
  while IFS= read -r word; do
    [ -n "$word" ] && COMPREPLY+=("$(printf %q "$word")")
  done < <(minga __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _minga minga""",
    "zsh": r"""#compdef minga
_minga() {
  local -a found
  found=("${(@f)$(minga __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  found=(${found:#})
  (( $#found )) && compadd -a found || _files
}
compdef _minga minga""",
    "fish": "complete -c minga -f -a '(minga __complete (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'\n"
    "complete -c minga -F -n '__fish_seen_argument -l add'",
}


def script(args: Namespace) -> None:
    print(SCRIPTS[args.shell])


def candidates(words: list[str]) -> list[str]:
    """Return what the last word may become."""
    from .parser import COMMANDS, fill

    before, begun = words[:-1], words[-1] if words else ""
    if not before:
        return [name for name in COMMANDS if name.startswith(begun)]
    if before[0] not in COMMANDS:
        return []
    actions = fill(ArgumentParser(), COMMANDS[before[0]])._actions
    if begun.startswith("-"):
        return sorted(word for action in actions for word in action.option_strings if word.startswith(begun))
    return [word for word in _words(actions, before[1:]) if word.lower().startswith(begun.lower())]


def _words(actions: list[Action], before: list[str]) -> list[str]:
    """Return what may stand behind these words: the choices of an option or of a place, machines or templates."""
    options = {word: action for action in actions for word in action.option_strings if action.nargs is None}
    if before and before[-1] in options:
        return list(options[before[-1]].choices or ())
    words = zip(before, ["", *before], strict=False)
    at = sum(not word.startswith("-") and previous not in options for word, previous in words)
    place = [action for action in actions if not action.option_strings][at : at + 1]
    return [word for action in place for word in action.choices or _names(action.dest)]


def _names(kind: str) -> list[str]:
    from ..client import Client
    from . import config

    try:
        kept = config.load()
        minga = Client(kept.url, kept.token, timeout=PATIENCE, tries=1)
        if kind == "machine":
            return [machine.name for machine in minga.machines()]
        return [each.slug for each in minga.templates() if each.fits] if kind == "template" else []
    except (MingaError, OSError):
        return []

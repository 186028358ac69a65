"""Where words come from: language models behind one protocol, none needed and none trusted."""

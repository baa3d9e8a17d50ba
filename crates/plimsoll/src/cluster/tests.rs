//! Members, files, certificates, verdicts, words and plans, as text.

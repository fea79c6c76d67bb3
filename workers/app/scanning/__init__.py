"""`towpath scan`: artifact-safety, run by hand on files and folders."""

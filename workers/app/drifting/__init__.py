"""`towpath drift`: two files of rows compared at a terminal, column by column."""

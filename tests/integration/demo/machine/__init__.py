"""The parts of the demo that a newcomer's machine lacks, tested as what they are: servers, processes, a repository."""

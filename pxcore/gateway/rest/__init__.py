"""ProjectX by REST: questions that may be asked again, instructions that go out once."""

"""The verbs of `px` as they are typed, a module each, loaded when it is called for."""

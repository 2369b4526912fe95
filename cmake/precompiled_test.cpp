// Nothing: its target compiles the headers that unit tests read (compile_speed.cmake).

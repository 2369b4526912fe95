// Marks what a program may call: everything else stays inside the library.
#pragma once

/// In front of each function and class that the shared library shows.
#define TENON_API [[gnu::visibility("default")]]

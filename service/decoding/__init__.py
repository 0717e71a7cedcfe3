"""Decoding in a process of its own, for files that others made.

A file can be made to crash FFmpeg, to take it over, or to keep it busy for ever. Here none of FFmpeg runs in the
process that asks: not even the header is looked at there. In order of the way that a request takes:

- `isolated`: the video as its reader sees it.
- `launcher`: starts one server per process that asks, and by it one decoder process per pass over a video.
- `server`: imports PyAV once and forks, so that a decoder process is there within milliseconds.
- `confine`: what a decoder process may do.
- `decoder`: what it does.
- `messages`, `ring`: how it says so, and where it puts the frames.
"""

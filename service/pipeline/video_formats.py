"""Which containers and codecs of video files are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Formats:
    """What FFmpeg may use; only containers that hold their own data.

    Playlists and scripts (hls, dash, concat, ...) name other files: they are in none of these.

    Attributes:
        containers: names of FFmpeg's demuxers, with commas between them.
        codecs: names of its decoders; empty: all.
    """

    containers: str
    codecs: str = ""

    def accept(self, codec: str) -> bool:
        """Give whether a decoder may be used."""
        return not self.codecs or codec in self.codecs.split(",")

    def options(self) -> dict[str, str]:
        """Give FFmpeg's options that hold it to these, and to files."""
        return {"protocol_whitelist": "file", "format_whitelist": self.containers} | self.codec_options()

    def codec_options(self) -> dict[str, str]:
        """Give the options of a decoder that hold it to these."""
        return {"codec_whitelist": self.codecs} if self.codecs else {}


_SOUND: Final = "wav,mp3,flac,aac,ac3,eac3,caf,aiff,au,amr"
"""Without pictures; read so that the error can say what the file is."""

_COMMON: Final = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,asf,asf_o,ogg,mxf,nut,dv,ivf,gif,apng,"
    "yuv4mpegpipe,mjpeg,h261,h263,h264,hevc,m4v,vc1,av1,obu"
)

OWN_FILES: Final = Formats(
    f"{_COMMON},{_SOUND},mpegtsraw,live_flv,rm,wtv,nsv,swf,webp_pipe,jpegxl_anim,mjpeg_2000,vvc,vc1test,avs2,avs3,cavsvideo,"
    "dirac,dnxhd,cine,ser,amv,bink,flic,smk,film_cpk,nuv,ty,pva,gxf,ipmovie,evc,apv,dhav,mpjpeg,r3d,lxf,lvf,lmlm4,kux,"
    "ivr,iv8,ifv,ingenient,filmstrip,pmp,psxstr,roq,thp,4xm,bethsoftvid,bfi,c93,dsicin,dxa,ea,ea_cdata,gdv,hnm,idcin,ipu,"
    "iss,jv,luodat,mgsts,mm,moflex,msnwctcp,mtv,mv,mvi,mxg,nc,paf,rl2,rpl,sdr2,sga,siff,smush,tiertexseq,tmv,usm,vivo,"
    "vividas,vmd,wc3movie,wsvqa,xmv,yop,png_pipe,jpeg_pipe,bmp_pipe,tiff_pipe"
)
"""All that FFmpeg reads, for the user's own files."""

_SOUND_CODECS: Final = (
    "aac,aac_latm,mp3,mp3float,mp2,mp2float,ac3,eac3,opus,libopus,vorbis,libvorbis,flac,alac,amrnb,amrwb,wmav1,wmav2,"
    "pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_u8,pcm_s8,pcm_f32le,pcm_alaw,pcm_mulaw,adpcm_ms,adpcm_ima_wav"
)
"""Of streams beside the pictures, which FFmpeg looks at when it opens a file."""

OTHERS_FILES: Final = Formats(
    f"{_COMMON},{_SOUND}",
    f"{_SOUND_CODECS},h264,hevc,av1,libdav1d,vp8,vp9,libvpx,libvpx-vp9,mpeg4,mpeg2video,mpeg1video,mpegvideo,mjpeg,mjpegb,"
    "h261,h263,h263p,h263i,flv,vp6,vp6a,vp6f,theora,vc1,wmv1,wmv2,wmv3,msmpeg4,msmpeg4v1,msmpeg4v2,prores,dnxhd,dvvideo,"
    "cfhd,ffv1,ffvhuff,huffyuv,utvideo,rawvideo,v210,v410,qtrle,svq1,svq3,cinepak,msvideo1,gif,apng,png,jpeg2000",
)
"""What cameras, phones, editors and browsers make: less of FFmpeg to attack, for files of others."""

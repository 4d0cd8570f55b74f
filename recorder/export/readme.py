"""README.txt of each bundle: what this is and how it is checked, for whoever opens it first."""

README = """\
明镜 (Mingjing) 证据包 / evidence bundle

这是什么
  evidence/   设备发来的原始录像片段、其日志、包含证明与签名头：证据本身。
  playable/   同样的图像与声音，任何播放器可放（G.711 等声音转成 Opus，清单中注明）。
  derived/    画面上叠加时间与案号的副本：重新编码，不是证据。
  custody/    电子数据提取清单、固定记录，以及相关审计账本条目。
  bundle.json 清单：每个文件的大小与 SHA-256；bundle.sig 是服务器密钥对清单的签名。

怎样核验
  装有 Python 3.11 或更高版本的电脑（Windows、Linux 均可，无需联网、无需安装其他软件）：
    python verify.pyz 本文件.zip --key 公钥文件
  结果：0 完好；1 有改动或缺失（指出文件、位置与首个受影响的时刻）；2 无法读取。
  可信的根据是另行取得的核验程序和另行取得的公钥，而不是包内自带的这一份：
  伪造者可以换掉整个包，包括 verify.pyz。请向出具单位索取公钥并比对。

What this is
  evidence/   fragments as the device sent them, their journals, proofs of inclusion and signed heads: the evidence.
  playable/   the same pictures and sound for any player (G.711 and the like became Opus; the manifest says so).
  derived/    copies with time and case number in the picture: coded anew, not evidence.
  custody/    the list of electronic data, the record, and the entries of the audit log that belong to it.
  bundle.json the manifest: size and SHA-256 of every file. bundle.sig: its signature by the server's key.

How to check it
  On any computer with Python 3.11 or later (Windows or Linux, no network, nothing else installed):
    python verify.pyz THIS.zip --key PUBLIC_KEY_FILE
  Exit status: 0 intact; 1 altered or missing (with file, place, and the first moment concerned); 2 not readable.
  Trust comes from a verifier and a public key that you got separately, not from the copies in here: who forges a
  bundle can replace all of it, verify.pyz as well. Ask the issuing office for its key, and compare.
""".encode()

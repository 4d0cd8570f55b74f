/* A still of what is on the screen, as a PNG that says what it is: device and placed time below the picture, who took
   it across it. The text is burnt into the pixels; the picture stays in its own size. */

export interface SnapshotWords {
  /** Checkpoint, device and channel. */
  readonly title: string
  /** Placed time of the picture. */
  readonly time: string
  /** Who, and when it was taken. */
  readonly mark: string
}

const LINE_SHARE = 1 / 18 // of the picture's height
const LINE_MIN_PX = 20
const MARGIN_PX = 8
const FONT = 'system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif'

export function drawSnapshot(video: HTMLVideoElement, words: SnapshotWords): HTMLCanvasElement | null {
  const width = video.videoWidth
  const height = video.videoHeight
  if (width === 0 || height === 0 || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return null
  const canvas = document.createElement('canvas')
  const pen = canvas.getContext('2d')
  if (pen === null) return null
  const line = Math.max(LINE_MIN_PX, Math.round(height * LINE_SHARE))
  const font = `${Math.round(line * 0.6)}px ${FONT}`
  pen.font = font
  const together = pen.measureText(words.title).width + pen.measureText(words.time).width + 4 * MARGIN_PX
  const lines = together > width ? 2 : 1
  canvas.width = width
  canvas.height = height + lines * line
  pen.drawImage(video, 0, 0, width, height)
  drawMark(pen, width, height, words.mark)
  pen.fillStyle = '#0d1117'
  pen.fillRect(0, height, width, lines * line)
  pen.font = font
  pen.fillStyle = '#e3e8f0'
  pen.textBaseline = 'middle'
  pen.fillText(words.title, MARGIN_PX, height + line / 2, width - 2 * MARGIN_PX)
  pen.textAlign = lines === 1 ? 'right' : 'left'
  pen.fillText(words.time, lines === 1 ? width - MARGIN_PX : MARGIN_PX, height + (lines - 0.5) * line)
  return canvas
}

function drawMark(pen: CanvasRenderingContext2D, width: number, height: number, mark: string): void {
  pen.save()
  pen.font = `600 ${Math.max(11, Math.round(width / 32))}px ${FONT}`
  pen.textAlign = 'center'
  pen.textBaseline = 'middle'
  pen.fillStyle = 'rgb(255 255 255 / 0.22)'
  pen.strokeStyle = 'rgb(0 0 0 / 0.18)'
  for (const [x, y] of [[0.72, 0.2], [0.5, 0.5], [0.28, 0.8]] as const) {
    pen.save()
    pen.translate(width * x, height * y)
    pen.rotate(-Math.PI / 13)
    pen.strokeText(mark, 0, 0)
    pen.fillText(mark, 0, 0)
    pen.restore()
  }
  pen.restore()
}

export async function saveSnapshot(canvas: HTMLCanvasElement, name: string): Promise<void> {
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'))
  if (blob === null) return
  const url = URL.createObjectURL(blob)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  URL.revokeObjectURL(url)
}

/** dev1_main_20261124-120305.125Z.png: sorts by device and time, and is a legal name everywhere. */
export function snapshotName(device: string, channel: string, pictureMs: number | null): string {
  const at = pictureMs === null ? 'no-time' : new Date(pictureMs).toISOString().replace(/[-:]/g, '').replace('T', '-')
  return `${device}_${channel}_${at}.png`
}

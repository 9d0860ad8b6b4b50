/** A film for Chromium's fake camera. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import type { Grey } from '../../../src/images/grey.ts'

/** One picture after the other, all of one size, ten a second, as YUV4MPEG2: luma, and colour differences that are none. */
export function y4mFile(frames: Grey[]): Uint8Array {
  const [first] = frames
  if (!first) throw new Error('a film has pictures')
  const { width, height } = first
  const colours = Buffer.alloc((width * height) / 2, 128)
  const head = Buffer.from(`YUV4MPEG2 W${width} H${height} F10:1 Ip A1:1 C420jpeg\n`)
  return Buffer.concat([head, ...frames.flatMap(({ data }) => [Buffer.from('FRAME\n'), data, colours])])
}

/** Arguments for Chromium, whose camera shows the film again and again and is given without a question; the file is gone with the test file. */
export function cameraOf(film: Uint8Array): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-camera-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'camera.y4m')
  writeFileSync(path, film)
  return [
    '--use-fake-ui-for-media-stream',
    '--use-fake-device-for-media-stream',
    `--use-file-for-fake-video-capture=${path}`,
  ]
}

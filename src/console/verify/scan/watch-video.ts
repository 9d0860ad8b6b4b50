/** Hands the pictures of a camera to the scanner, one after the other, as fast as it looks at them. */
import type { Scanner } from './scan-client.ts'

/** What whoever watches is told of each picture. */
export interface Watcher {
  /** While true pictures are looked at now and then only. */
  isPaused(): boolean
  /** @param at when the picture was shown, in milliseconds of the page's clock */
  looked(look: { texts: string[]; isUnread: boolean }, at: number): void
  /** The scanner broke; nothing more comes. */
  failed(): void
}

/** Milliseconds between pictures while nobody wants to know. */
const pausedFor = 400
/** Milliseconds between pictures where the browser does not say when there is a new one. */
const guessedFrame = 60
/** Milliseconds for a picture, the first one aside, for which a program is loaded. */
const [patience, firstPatience] = [15_000, 60_000]

/** Watches until it is ended. @returns the end */
export function watchVideo(video: HTMLVideoElement, scanner: Scanner, watcher: Watcher): () => void {
  let isEnded = false
  const watch = async () => {
    let time = firstPatience
    while (!isEnded) {
      await nextPicture(video)
      if (watcher.isPaused()) await after(pausedFor)
      if (isEnded) return
      if (video.videoWidth === 0) continue
      const at = performance.now()
      const frame = await createImageBitmap(video).catch(() => undefined)
      if (!frame) {
        await after(guessedFrame)
        continue
      }
      if (isEnded) return frame.close()
      const answer = await Promise.race([scanner.post({ kind: 'frame', frame }), after(time)])
      if (isEnded) return
      if (answer?.kind !== 'frame') return watcher.failed()
      time = patience
      watcher.looked(answer, at)
    }
  }
  void watch()
  return () => {
    isEnded = true
  }
}

const after = (milliseconds: number) => new Promise<undefined>((go) => setTimeout(go, milliseconds))

/** Resolves when there is a picture that was not there before; after a while in any case, for a video that stands still tells nothing. */
function nextPicture(video: HTMLVideoElement): Promise<unknown> {
  if (!('requestVideoFrameCallback' in video)) return after(guessedFrame)
  return Promise.race([new Promise((go) => video.requestVideoFrameCallback(go)), after(1_000)])
}

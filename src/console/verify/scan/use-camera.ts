/** The camera as a component holds it: opened by a press alone, and closed when the page is left or hidden. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { type Camera, type CameraFault, closeCamera, openCamera } from './camera.ts'

/** Why no camera is open: nobody opened it, it is on its way, or what happened to it. */
export type CameraRest = 'closed' | 'opening' | 'ended' | 'hidden' | 'broken' | CameraFault

/** The camera, or why there is none. */
export interface HeldCamera {
  camera: Camera | undefined
  rest: CameraRest
  /** Opens a camera, in the place of the one that is open. */
  open(id?: string): void
  /** Closes it; the reason is shown. */
  close(rest?: CameraRest): void
}

/** Holds at most one camera. */
export function useCamera(): HeldCamera {
  const [held, setHeld] = useState<{ camera: Camera | undefined; rest: CameraRest }>({
    camera: undefined,
    rest: 'closed',
  })
  // Grows with each opening and closing: a camera that comes after its time is closed at once.
  const round = useRef(0)
  const stream = useRef<MediaStream | undefined>(undefined)
  const close = (rest: CameraRest = 'closed') => {
    round.current++
    if (stream.current) closeCamera(stream.current)
    stream.current = undefined
    setHeld({ camera: undefined, rest })
  }
  const open = async (id?: string) => {
    close('opening')
    const mine = round.current
    const found = await openCamera(id)
    const isLate = mine !== round.current
    if (typeof found === 'string') return isLate ? undefined : setHeld({ camera: undefined, rest: found })
    if (isLate) return closeCamera(found.stream)
    // The page was left while somebody was asked.
    if (document.visibilityState === 'hidden') {
      closeCamera(found.stream)
      return setHeld({ camera: undefined, rest: 'hidden' })
    }
    stream.current = found.stream
    // It is pulled out, or its permission is taken back; `stop` by ourselves does not tell.
    for (const track of found.stream.getVideoTracks()) track.onended = () => close('ended')
    setHeld({ camera: found, rest: 'closed' })
  }
  useEffect(() => {
    const hide = () => {
      if (document.visibilityState === 'hidden' && stream.current) close('hidden')
    }
    const leave = () => close()
    document.addEventListener('visibilitychange', hide)
    addEventListener('pagehide', leave)
    return () => {
      document.removeEventListener('visibilitychange', hide)
      removeEventListener('pagehide', leave)
      close()
    }
  }, [])
  return { ...held, open: (id) => void open(id), close }
}

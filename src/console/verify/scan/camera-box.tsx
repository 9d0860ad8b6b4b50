/** The camera: its picture, what can be set of it, and why there is none. */

import { useEffect, useRef, useState } from 'preact/hooks'
import { fill } from '../../languages/fill.ts'
import { texts } from '../../languages/languages.ts'
import { Field } from '../../parts/field.tsx'
import { Icon } from '../../parts/icon.tsx'
import { Notice } from '../../parts/notice.tsx'
import { say } from '../../parts/say.ts'
import { adjustCamera, type Camera } from './camera.ts'
import { openScanner } from './scan-client.ts'
import { createSightings } from './sightings.ts'
import { type CameraRest, useCamera } from './use-camera.ts'
import { watchVideo } from './watch-video.ts'

interface CameraBoxProps {
  onCodes: (texts: string[]) => void
  paused: boolean
  onNext?: (() => void) | undefined
}

/** The camera with everything around it. */
export function CameraBox({ onCodes, paused, onNext }: CameraBoxProps) {
  const { camera, rest, open, close } = useCamera()
  const { scan } = texts()
  const opener = useRef<HTMLButtonElement>(null)
  const wasOpen = useRef(false)
  useEffect(() => {
    if (camera) say(scan.cameraOpen)
    else if (wasOpen.current && rest !== 'opening') {
      say(scan.cameraClosed)
      takeFocus(opener.current)
    }
    if (rest !== 'opening') wasOpen.current = camera !== undefined
  }, [camera, rest])
  if (camera) return <CameraPicture key={camera.stream.id} {...{ camera, onCodes, paused, onNext, open, close }} />
  return (
    <div class="scan-rest">
      <button type="button" ref={opener} onClick={() => open()} disabled={rest === 'opening'}>
        <Icon name="camera" />
        {rest === 'opening' ? scan.opening : scan.openCamera}
      </button>
      <RestNotice rest={rest} />
    </div>
  )
}

/** Moves the focus only when nobody holds it: a field for a hardware scanner keeps it. */
function takeFocus(element: HTMLElement | null): void {
  const { activeElement } = document
  if (activeElement === null || activeElement === document.body) element?.focus()
}

function RestNotice({ rest }: { rest: CameraRest }) {
  const { scan } = texts()
  if (rest === 'closed' || rest === 'opening') return null
  const { head, hint } = scan.rests[rest]
  return (
    <Notice kind="open" isAlert head={head}>
      <p>{hint}</p>
    </Notice>
  )
}

interface CameraPictureProps extends CameraBoxProps {
  camera: Camera
  open: (id: string) => void
  close: (rest?: CameraRest) => void
}

function CameraPicture({ camera, onCodes, paused, onNext, open, close }: CameraPictureProps) {
  const { scan } = texts()
  const { video, sight } = useScanner({ camera, onCodes, paused, broke: () => close('broken') })
  const closer = useRef<HTMLButtonElement>(null)
  useEffect(() => takeFocus(closer.current), [])
  const hint = paused ? scan.paused : scan.sights[sight]
  return (
    <div class="scan-camera" data-sight={paused ? 'paused' : sight}>
      <div class="scan-view">
        <video ref={video} playsInline muted aria-label={scan.preview} />
        <div class="scan-frame" />
        {paused && onNext && (
          <button type="button" class="scan-next" onClick={onNext}>
            <Icon name="scan" /> {scan.next}
          </button>
        )}
      </div>
      <p class="scan-hint">{hint}</p>
      <div class="scan-controls">
        <button type="button" class="quiet" ref={closer} onClick={() => close()}>
          <Icon name="close" />
          {scan.closeCamera}
        </button>
        {camera.hasLight && <LightButton stream={camera.stream} />}
        {camera.choices.length > 1 && <CameraChoice camera={camera} open={open} />}
        {camera.zoom && <ZoomField stream={camera.stream} zoom={camera.zoom} />}
      </div>
    </div>
  )
}

/** What is seen just now. */
type Sight = 'starting' | 'nothing' | 'unread' | 'read'

/** Milliseconds that a code must be seen and not read before somebody is told to come closer, and that what was seen stands. */
const [unreadFor, shownFor] = [600, 1_200]

function useScanner({
  camera,
  onCodes,
  paused,
  broke,
}: Pick<CameraBoxProps, 'onCodes' | 'paused'> & { camera: Camera; broke: () => void }) {
  const video = useRef<HTMLVideoElement>(null)
  const [sight, setSight] = useState<Sight>('starting')
  const latest = useRef({ onCodes, paused, broke })
  // A picture that was taken while nobody wanted to know shows what was before the camera then.
  const since = useRef(0)
  if (latest.current.paused && !paused) since.current = performance.now()
  latest.current = { onCodes, paused, broke }
  useEffect(() => {
    const element = video.current
    if (!element) return undefined
    element.srcObject = camera.stream
    // It is interrupted when the camera is closed at once.
    element.play().catch(() => undefined)
    const scanner = openScanner()
    const sightings = createSightings()
    let shown: { sight: Sight; at: number } = { sight: 'starting', at: 0 }
    let unreadSince: number | undefined
    const show = (next: Sight, at: number) => {
      const isNews = next !== shown.sight
      if (next === 'nothing' && isNews && shown.sight !== 'starting' && at - shown.at < shownFor) return
      shown = { sight: next, at }
      setSight(next)
      if (next === 'unread' && isNews && !latest.current.paused) say(texts().scan.sights.unread)
    }
    const end = watchVideo(element, scanner, {
      isPaused: () => latest.current.paused,
      looked({ texts: read, isUnread }, at) {
        const news = sightings.see(read, at, !latest.current.paused && at >= since.current)
        unreadSince = isUnread ? (unreadSince ?? at) : undefined
        const isLong = unreadSince !== undefined && at - unreadSince >= unreadFor
        show(read.length > 0 ? 'read' : isLong ? 'unread' : 'nothing', at)
        if (news.length === 0) return
        say(texts().scan.codeFound)
        latest.current.onCodes(news)
      },
      failed: () => latest.current.broke(),
    })
    return () => {
      end()
      scanner.end()
      element.srcObject = null
    }
  }, [camera])
  return { video, sight }
}

function LightButton({ stream }: { stream: MediaStream }) {
  const { scan } = texts()
  const [isOn, setOn] = useState(false)
  const turn = async () => {
    const torch = !isOn
    if (!(await adjustCamera(stream, { torch }))) return say(scan.lightFails)
    setOn(torch)
    say(torch ? scan.lightOn : scan.lightOff)
  }
  return (
    <button type="button" class="quiet" onClick={() => void turn()}>
      <Icon name="light" />
      {isOn ? scan.turnLightOff : scan.turnLightOn}
    </button>
  )
}

function CameraChoice({ camera, open }: { camera: Camera; open: (id: string) => void }) {
  const { scan } = texts()
  return (
    <Field label={scan.camera}>
      {(control) => (
        <select {...control} value={camera.id} onChange={(event) => open(event.currentTarget.value)}>
          {camera.choices.map(({ id, label }, index) => (
            <option key={id} value={id} dir="auto">
              {label || fill(scan.cameraNumber, { n: index + 1 })}
            </option>
          ))}
        </select>
      )}
    </Field>
  )
}

function ZoomField({ stream, zoom }: { stream: MediaStream; zoom: NonNullable<Camera['zoom']> }) {
  const { scan } = texts()
  const [value, setValue] = useState(zoom.value)
  const set = async (wanted: number) => {
    setValue(wanted)
    if (!(await adjustCamera(stream, { zoom: wanted }))) setValue(value)
  }
  const { min, max, step } = zoom
  return (
    <Field label={scan.zoom}>
      {(control) => (
        <input
          {...control}
          type="range"
          {...{ min, max, step, value }}
          onInput={(event) => void set(event.currentTarget.valueAsNumber)}
        />
      )}
    </Field>
  )
}

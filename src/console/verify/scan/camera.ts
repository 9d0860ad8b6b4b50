/** A camera of the machine: opened when somebody wants it, and what it can do beside showing a picture. */

/**
 * Why there is no camera. `insecure`: the page did not come over https · `unsupported`: the browser has none to give · `refused`: the person
 * or the machine does not allow it · `absent`: there is none · `taken`: another program has it, or it does not work
 */
export type CameraFault = 'insecure' | 'unsupported' | 'refused' | 'absent' | 'taken'

/** An open camera. */
export interface Camera {
  stream: MediaStream
  /** Its id among `choices`. */
  id: string
  /** All cameras of the machine, with the names that the machine has for them. */
  choices: { id: string; label: string }[]
  /** Whether it has a light. */
  hasLight: boolean
  /** How near it can come; undefined where it cannot. */
  zoom: { min: number; max: number; step: number; value: number } | undefined
}

/** Members of `MediaTrackCapabilities` for cameras (https://w3c.github.io/mediacapture-image/). */
interface CameraCapabilities extends MediaTrackCapabilities {
  torch?: boolean
  zoom?: { min: number; max: number; step?: number }
}

/** Opens a camera: the one of that id, or one that looks away from whoever holds the machine. @returns why not, where it cannot be had */
export async function openCamera(id?: string): Promise<Camera | CameraFault> {
  if (!isSecureContext) return 'insecure'
  // Absent in old browsers, whatever the types say.
  const devices: MediaDevices | undefined = navigator.mediaDevices
  if (devices?.getUserMedia === undefined) return 'unsupported'
  const wanted = { width: { ideal: 1920 }, height: { ideal: 1080 } }
  try {
    const video = id ? { ...wanted, deviceId: { exact: id } } : { ...wanted, facingMode: { ideal: 'environment' } }
    return await described(devices, await devices.getUserMedia({ video, audio: false }))
  } catch (error) {
    // A camera that was chosen and is gone: any other.
    if (id && isNamed(error, ['OverconstrainedError', 'NotFoundError'])) return openCamera()
    return faultOf(error)
  }
}

const isNamed = (error: unknown, names: string[]) =>
  error instanceof Error ? names.includes(error.name) : error instanceof DOMException && names.includes(error.name)

function faultOf(error: unknown): CameraFault {
  if (isNamed(error, ['NotAllowedError', 'SecurityError', 'PermissionDeniedError'])) return 'refused'
  if (isNamed(error, ['NotFoundError', 'OverconstrainedError', 'DevicesNotFoundError'])) return 'absent'
  // NotReadableError, AbortError, and what nobody has a name for: it is there and gives no picture.
  return 'taken'
}

async function described(devices: MediaDevices, stream: MediaStream): Promise<Camera | CameraFault> {
  const [track] = stream.getVideoTracks()
  if (!track) {
    closeCamera(stream)
    return 'absent'
  }
  const all = await devices.enumerateDevices().catch(() => [])
  const settings: MediaTrackSettings & { zoom?: number } = track.getSettings()
  const { torch, zoom }: CameraCapabilities = track.getCapabilities?.() ?? {}
  const choices = all
    .filter(({ kind }) => kind === 'videoinput')
    .map(({ deviceId, label }) => ({ id: deviceId, label }))
  const isUseful = zoom !== undefined && zoom.max > zoom.min
  return {
    stream,
    id: settings.deviceId ?? '',
    choices,
    hasLight: torch === true,
    zoom: isUseful
      ? {
          min: zoom.min,
          max: zoom.max,
          step: zoom.step || (zoom.max - zoom.min) / 20,
          value: settings.zoom ?? zoom.min,
        }
      : undefined,
  }
}

/** Turns the camera off. */
export function closeCamera(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop()
}

/** Sets the light or the zoom. @returns whether the camera did */
export async function adjustCamera(
  stream: MediaStream,
  change: { torch: boolean } | { zoom: number },
): Promise<boolean> {
  const [track] = stream.getVideoTracks()
  try {
    await track?.applyConstraints({ advanced: [change] } as MediaTrackConstraints)
    return track !== undefined
  } catch {
    return false
  }
}

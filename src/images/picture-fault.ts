type FaultKind = 'wrong' | 'costly' | 'contradictory'

/** Why a picture is not read: something in it is wrong, or reading it costs more than a picture may. The text never quotes it. */
export class PictureFault extends Error {
  /** `wrong`: it is no picture of its kind. `costly`: it may be one, and is too large. `contradictory`: its sender says it is another. */
  readonly kind: FaultKind

  constructor(kind: FaultKind, message: string) {
    super(message)
    this.name = 'PictureFault'
    this.kind = kind
  }
}

/** A picture that is broken or of a kind that is not read. */
export const wrong = (text: string): PictureFault => new PictureFault('wrong', text)

/** A picture that is not what its sender says. */
export const contradictory = (text: string): PictureFault => new PictureFault('contradictory', text)

/** A picture that is larger than a limit. */
export const costly = (text: string): PictureFault => new PictureFault('costly', text)

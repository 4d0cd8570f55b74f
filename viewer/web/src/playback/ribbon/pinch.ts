/* What fingers and the mouse do on the ribbon: a drag, a click, two fingers that spread. Pure: positions in, gestures out. */

export type Gesture =
  | { readonly kind: 'drag'; readonly fromX: number; readonly byPx: number; readonly x: number }
  | { readonly kind: 'spread'; readonly factor: number; readonly x: number }

const STILL_PX = 4 // a hand that clicks is not quite still

export class Pointers {
  private at = new Map<number, number>()
  private firstX = 0
  private moved = false

  down(id: number, x: number): void {
    this.at.set(id, x)
    if (this.at.size > 1) this.moved = true
    else {
      this.firstX = x
      this.moved = false
    }
  }

  get any(): boolean {
    return this.at.size > 0
  }

  move(id: number, x: number): Gesture | null {
    const before = this.at.get(id)
    if (before === undefined) return null
    if (this.at.size === 2) {
      const other = [...this.at].find(([one]) => one !== id)?.[1] ?? x
      this.at.set(id, x)
      const [was, is] = [Math.abs(before - other), Math.abs(x - other)]
      return was < 8 || is < 8 ? null : { kind: 'spread', factor: was / is, x: (x + other) / 2 }
    }
    if (!this.moved && Math.abs(x - this.firstX) < STILL_PX) return null
    this.moved = true
    this.at.set(id, x)
    return { kind: 'drag', fromX: this.firstX, byPx: x - before, x }
  }

  /** True for a click: down and up at one place. */
  up(id: number): boolean {
    const known = this.at.delete(id)
    return known && !this.moved && this.at.size === 0
  }

  leave(): void {
    this.at.clear()
  }
}

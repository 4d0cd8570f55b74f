/* What somebody types into a player or a video wall to see a device: its addresses with the login in them. Pure.

   User names and stream passwords are made of letters that need no escaping in a URL. */
import type { ChannelName, Device } from '@/api/types'

export interface Login {
  user: string
  password: string
}

export interface PlayerAddresses {
  /** For VLC and for walls. */
  rtsp: string
  /** The same behind TLS; null where the server has no certificate for it. */
  rtsps: string | null
  /** For walls that ask for user and password in fields of their own. */
  plain: string
  ffplay: string
  vlc: string
}

export function playerAddresses(
  device: Pick<Device, 'rtsp_url' | 'rtsps_url'>,
  channel: ChannelName,
  login: Login,
): PlayerAddresses {
  const of = (url: string): string => (channel === 'sub' ? `${url}/sub` : url)
  const rtsp = withLogin(of(device.rtsp_url), login)
  return {
    rtsp,
    rtsps: device.rtsps_url === null ? null : withLogin(of(device.rtsps_url), login),
    plain: of(device.rtsp_url),
    ffplay: `ffplay -rtsp_transport tcp "${rtsp}"`,
    vlc: `vlc --rtsp-tcp "${rtsp}"`,
  }
}

export const withLogin = (url: string, { user, password }: Login): string => url.replace('://', `://${user}:${password}@`)

/* The Chinese font we ship (Noto Sans SC, OFL), cut by its makers into a hundred files by Unicode range: a browser fetches
   only the ranges it lacks. On a computer with any Chinese font that is none. Loaded after the app, since its list of
   ranges is as long as all our other styles together. */
import '@fontsource-variable/noto-sans-sc/wght.css'

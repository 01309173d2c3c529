// Draws the dots: one buffer of points on the graphics card, drawn again when the view or the colours change.
import { BufferAttribute, BufferGeometry, Camera, GLSL3, Points, RawShaderMaterial, Scene, WebGLRenderer } from "./vendor/three.min.js";

// A device with more pixels would take longer than anybody sees.
const MOST_PIXELS = 2;
const VERTEX = `
  precision highp float;
  in vec2 position;
  in vec4 look; // its colour; the last is 1 where the search found it
  uniform vec2 middle;
  uniform vec2 scale; // of the map's units to half the canvas
  uniform float diameter;
  uniform float found; // 1: draw those that were found, 0: the others, -1: all
  out vec3 colour;
  void main() {
    bool skipped = found >= 0.0 && abs(look.a - found) > 0.5;
    gl_Position = skipped ? vec4(2.0, 2.0, 2.0, 1.0) : vec4((position - middle) * scale, 0.0, 1.0);
    gl_PointSize = diameter * (found > 0.5 ? 1.5 : 1.0);
    colour = look.rgb;
  }`;
const FRAGMENT = `
  precision mediump float;
  in vec3 colour;
  uniform vec4 dimmed; // the colour of dots that were not found; no opacity where all have their own
  uniform float opacity;
  uniform float edge; // one pixel, as a share of the dot: a smooth edge
  out vec4 pixel;
  void main() {
    float inside = 1.0 - smoothstep(0.5 - edge, 0.5, length(gl_PointCoord - 0.5));
    pixel = dimmed.a > 0.0 ? dimmed : vec4(colour, opacity);
    pixel.a *= inside;
  }`;

export class Plot {
  /** Put a canvas into ``stage``. Throws where there is no WebGL. */
  constructor(stage) {
    const canvas = document.createElement("canvas");
    const context = canvas.getContext("webgl2", { alpha: true, antialias: false, depth: false });
    if (!context) throw new Error("There is no WebGL 2 here.");
    this.renderer = new WebGLRenderer({ canvas, context, alpha: true, antialias: false, depth: false, stencil: false });
    this.renderer.sortObjects = false; // They are in their order.
    this.renderer.setPixelRatio(Math.min(devicePixelRatio, MOST_PIXELS));
    canvas.setAttribute("aria-hidden", "true");
    stage.prepend(canvas);
    this.camera = new Camera();
    this.scene = new Scene();
    /** How often it was drawn: what tests and benchmarks look at. */
    this.frames = 0;
    canvas.addEventListener("webglcontextrestored", () => this.again());
  }

  /** Take the dots' places; ``looks`` has four bytes a dot, see VERTEX. */
  take(positions, looks) {
    const geometry = new BufferGeometry();
    geometry.setAttribute("position", new BufferAttribute(positions, 2));
    this.looks = new BufferAttribute(looks, 4, true);
    geometry.setAttribute("look", this.looks);
    this.shared = { middle: { value: [0, 0] }, scale: { value: [1, 1] }, diameter: { value: 4 }, edge: { value: 0.25 } };
    this.others = this.#layer(geometry);
    this.found = this.#layer(geometry);
    this.narrow(false, [0, 0, 0]);
  }

  #layer(geometry) {
    const uniforms = { ...this.shared, found: { value: -1 }, dimmed: { value: [0, 0, 0, 0] }, opacity: { value: 0.85 } };
    const material = new RawShaderMaterial({
      vertexShader: VERTEX, fragmentShader: FRAGMENT, glslVersion: GLSL3, uniforms,
      transparent: true, depthTest: false, depthWrite: false,
    });
    const points = new Points(geometry, material);
    points.frustumCulled = false;
    this.scene.add(points);
    return points;
  }

  /** Draw all dots alike, or those that were found above the others, which get the colour ``dim`` (0 to 1 each). */
  narrow(narrowed, dim) {
    this.others.material.uniforms.found.value = narrowed ? 0 : -1;
    this.others.material.uniforms.dimmed.value = narrowed ? [...dim, 0.35] : [0, 0, 0, 0];
    this.found.visible = narrowed;
    this.found.material.uniforms.found.value = 1;
    this.again();
  }

  /** The bytes of ``looks`` changed. */
  recoloured() {
    this.looks.needsUpdate = true;
    this.again();
  }

  resize(width, height) {
    this.renderer.setSize(width, height);
    this.again();
  }

  /** Show the part of the map around ``middle``: ``scale`` as of VERTEX, ``diameter`` of a dot in pixels. */
  show(middle, scale, diameter) {
    if (!this.shared) return;
    this.shared.middle.value = middle;
    this.shared.scale.value = scale;
    this.shared.diameter.value = diameter * this.renderer.getPixelRatio();
    this.shared.edge.value = 1 / this.shared.diameter.value;
    this.again();
  }

  /** Draw before the next picture of the screen, once. */
  again() {
    if (this.isDue || !this.shared) return;
    this.isDue = true;
    requestAnimationFrame(() => {
      this.isDue = false;
      this.renderer.render(this.scene, this.camera);
      this.frames += 1;
    });
  }
}

"""What an operator can set, by flag or by environment variable."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from cnn.data.datasets import NAMES
from cnn.errors import CnnError
from cnn.images.decoding import Limits
from cnn.inspection.opening import OpeningLimits
from cnn.jobs import Home
from cnn.models.opening import Limits as ModelLimits
from cnn.runs.place import USUAL_HOME
from dashboard.prefix import as_prefix
from dashboard.state.models import UploadedModels
from dashboard.state.uploads import Uploads
from dashboard.watching.logs import Form

if TYPE_CHECKING:
    from limits import RateLimitItem

_PREFIX = "CNN_"
_MOST = Limits()
_MOST_OF_MODEL = ModelLimits()
_MOST_TO_OPEN = OpeningLimits()
_MOST_MODELS = 20
_IN_ALL = " in all"


def rates(text: str) -> list[tuple[RateLimitItem, bool]]:
    """Return the limits that a text says ("5 per minute; 100 per day in all"), and which are of all."""
    from limits import parse

    parts = [part.strip() for part in text.split(";") if part.strip()]
    return [(parse(part.removesuffix(_IN_ALL)), part.endswith(_IN_ALL)) for part in parts]


def _require_rates(text: str) -> str:
    try:
        rates(text)
    except ValueError as error:
        raise ValueError("expected a rate such as 5 per minute; 100 per day in all") from error
    return text


def _require_names(text: str) -> str:
    if "/" in text:
        raise ValueError(
            "expected names such as cnn.example, with commas, without https:// and path"
        )
    return text


def _require_redis(url: str | None) -> str | None:
    if url and not url.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("expected an address such as redis://127.0.0.1:6379/0")
    return url


Rates = Annotated[str, AfterValidator(_require_rates)]


class Settings(BaseSettings):
    """The settings of the server and its workers; each can be an environment variable."""

    model_config = SettingsConfigDict(
        frozen=True, env_prefix=_PREFIX, env_ignore_empty=True, populate_by_name=True
    )

    data_dir: Path = Field(
        Path("data"), description="Folder in which data sets (MNIST) are looked for first"
    )
    data: str | None = Field(
        None, description="Pictures to show: a folder, CSV or .npz, or the name of a data set"
    )
    home: Path = Field(USUAL_HOME, description="Folder for runs, the queue, uploads and logs")
    model: Path | None = Field(
        None, description="Model to open (.keras or .h5); trained and saved there if missing"
    )
    model_megabytes: float = Field(
        _MOST_OF_MODEL.bytes / 1e6, gt=0, description="Largest model that is opened, in megabytes"
    )  # fmt: skip
    redis_url: Annotated[str | None, AfterValidator(_require_redis)] = Field(
        None, description="Redis for the queue; without it a local file and worker are used"
    )
    download: bool = Field(
        True, description="Whether MNIST is downloaded in the background when it is not found"
    )
    upload_megabytes: float = Field(
        _MOST.bytes / 1e6, gt=0, description="Largest file that can be uploaded, in megabytes"
    )
    upload_megapixels: float = Field(
        _MOST.pixels / 1e6, gt=0, description="Largest picture that is decoded, in millions of pixels"
    )  # fmt: skip
    uploads_megabytes: float = Field(
        500, gt=0, description="Room for uploaded pictures, in megabytes; the oldest go first"
    )
    uploads_days: float = Field(
        30, gt=0, description="Days for which an uploaded picture is kept, and links to it work"
    )
    upload_models: bool | None = Field(
        None, description="Whether readers may upload models; by default only on the server's own machine"
    )  # fmt: skip
    upload_model_megabytes: float = Field(
        500, gt=0, description="Largest model file that can be uploaded, in megabytes"
    )
    models_megabytes: float = Field(
        2000, gt=0, description="Room for uploaded models, in megabytes; the longest unused go first"
    )  # fmt: skip
    model_gigabytes: float = Field(
        _MOST_TO_OPEN.gigabytes, gt=0, description="Memory to try a model file in, in gigabytes"
    )  # fmt: skip
    model_seconds: float = Field(
        _MOST_TO_OPEN.seconds, gt=0, description="Time to try a model file in, in seconds"
    )  # fmt: skip
    worker_grace: float = Field(
        3,
        ge=0,
        description="Seconds by which the local worker may outlive its server; then its run waits",
    )
    host: str = Field("127.0.0.1", validation_alias="HOST", description="Address to listen on")
    hosts: Annotated[str, AfterValidator(_require_names)] = Field(
        "", description="Names by which the server may be asked for beside its addresses, with commas; "
        ".example.org stands for all below it, * for any",
    )  # fmt: skip
    frames: str = Field(
        "", description="Sites whose pages may show this one in a frame (https://school.example), with "
        "blanks between; usually none",
    )  # fmt: skip
    auth: Path | None = Field(
        None, description="File of people with a role and a hashed password each, who sign in "
        "(cnn-dashboard password makes a line)",
    )  # fmt: skip
    auth_header: str = Field(
        "", description="Header by which a proxy says who has signed in there, such as X-Remote-User"
    )  # fmt: skip
    auth_proxies: str = Field(
        "127.0.0.1, ::1", description="Addresses or networks of the proxies whose header is believed, "
        "with commas",
    )  # fmt: skip
    auth_role: Literal["reader", "trainer", "operator"] = Field(
        "reader", description="Role of those whom the proxy names and the file of people does not"
    )
    read_only: bool = Field(False, description="Whether nobody may train, upload or delete")
    most_trainings: int = Field(100, ge=0, description="Trainings that may wait at one time")
    most_trainings_each: int = Field(
        20, ge=0, description="Trainings of one reader, by name or else address, that may wait"
    )  # fmt: skip
    most_studies: int = Field(100, ge=0, description="Studies that may wait at one time")
    most_studies_each: int = Field(
        40, ge=0, description="Studies of one reader, by name or else address, that may wait"
    )  # fmt: skip
    limit_uploads: Rates = Field(
        "60 per minute; 600 per minute in all", description="How often pictures may be uploaded, by one "
        "reader and in all",
    )  # fmt: skip
    limit_models: Rates = Field(
        "30 per hour; 200 per hour in all", description="How often models may be uploaded, and changed "
        "ones saved",
    )  # fmt: skip
    limit_studies: Rates = Field(
        "60 per minute; 600 per minute in all", description="How often the worker may be asked what "
        "takes many pictures",
    )  # fmt: skip
    limit_logins: Rates = Field(
        "10 per minute; 100 per hour",
        description="How often a password may be wrong, from one address",
    )
    port: int = Field(
        8050, validation_alias="PORT", ge=1, le=65535, description="Port to listen on"
    )
    prefix: Annotated[str, AfterValidator(as_prefix)] = Field(
        "/", description="Path below which everything is served, such as /cnn/"
    )
    proxies: int = Field(
        0, ge=0, description="Proxies in front whose X-Forwarded headers are believed"
    )
    open_metrics: bool = Field(
        False, description="Whether other machines may read /metrics; by default only the server's own"
    )  # fmt: skip
    log_form: Form = Field(
        "text", description="How the log is written: text, or json (a line each)"
    )
    access_log: bool = Field(False, description="Whether each request is written into the log")
    threads: int = Field(64, ge=1, description="Threads per web process")
    at_once: int = Field(8, ge=1, description="Requests per web process that compute at one time")
    processes: int = Field(1, ge=1, description="Web processes")

    @cached_property
    def jobs(self) -> Home:
        """The folder that web processes and workers share."""
        return Home(self.home.expanduser().resolve(), self.data_path, self.redis_url)

    @cached_property
    def uploads(self) -> Uploads:
        """The uploaded pictures that this server keeps."""
        return Uploads(
            self.jobs.path / "uploads",
            most_bytes=int(1e6 * self.uploads_megabytes),
            most_days=self.uploads_days,
        )

    @cached_property
    def models(self) -> UploadedModels:
        """The models of readers that this server keeps."""
        return UploadedModels(
            self.jobs.path / "models",
            most_bytes=int(1e6 * self.models_megabytes),
            most=_MOST_MODELS,
        )

    @property
    def model_bytes(self) -> int:
        """The size of the largest model file that can be uploaded."""
        return int(1e6 * self.upload_model_megabytes)

    @property
    def opening(self) -> OpeningLimits:
        """In what an uploaded model must open."""
        return OpeningLimits(self.model_gigabytes, self.model_seconds, self.model_limits)

    @property
    def limits(self) -> Limits:
        """What is accepted as an upload."""
        return Limits(
            bytes=int(1e6 * self.upload_megabytes), pixels=int(1e6 * self.upload_megapixels)
        )

    @property
    def model_limits(self) -> ModelLimits:
        """How large a model is opened."""
        return ModelLimits(bytes=int(1e6 * self.model_megabytes))

    @property
    def model_path(self) -> Path | None:
        """The operator's model, absolute."""
        return self.model.expanduser().resolve() if self.model else None

    @property
    def host_names(self) -> list[str]:
        """The names by which the server may be asked for, beside localhost and its addresses."""
        return [
            name.strip().casefold() for name in (self.host, *self.hosts.split(",")) if name.strip()
        ]

    @property
    def address(self) -> str:
        """Where the server listens, host and port: an address of IPv6 stands in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def own_data(self) -> Path | None:
        """The operator's own pictures, absolute; None where a named data set or none is wanted."""
        is_own = self.data and self.data not in NAMES
        return Path(self.data).expanduser().resolve() if self.data and is_own else None

    @property
    def data_path(self) -> Path:
        """The data directory, absolute."""
        return self.data_dir.expanduser().resolve()


class SettingError(CnnError):
    """A flag or an environment variable with a value that is not accepted."""


def settings_with(**given: Any) -> Settings:
    """Return the settings with these values, and the others of the environment.

    Raises `SettingError` for the first that is not accepted.
    """
    try:
        return Settings(**given)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        if name in Settings.model_fields and name not in given:
            name = env_name(name)
        why = first["msg"].removeprefix("Value error, ")
        raise SettingError(f"{name} is {first['input']!r}: {why}.") from error


def environment(settings: Settings) -> dict[str, str]:
    """Return the settings as environment variables, for a process that is to have the same."""
    names = {name: env_name(name) for name in type(settings).model_fields}
    values = {env: getattr(settings, name) for name, env in names.items()}
    return {env: str(value) for env, value in values.items() if value is not None}


def env_name(field: str) -> str:
    """Return the environment variable of a setting."""
    alias = Settings.model_fields[field].validation_alias
    return str(alias) if alias else f"{_PREFIX}{field.upper()}"

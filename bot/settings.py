"""Settings from the environment and `.env`, read once; documented in .env.example."""

from pathlib import Path

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.errors import SettingsInvalid
from ingest.models import Backend


class Settings(BaseSettings):
    """Each field is the variable of the same name in capitals."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore")

    essays_dir: Path = Path("essays")
    index_dir: Path = Path("index")
    chroma_url: str = ""
    embedding_model: str = ""
    embedding_backend: Backend = "auto"
    rerank_model: str = ""
    chat_model: str = ""
    chat_base_url: str = ""
    chat_patience: float = Field(default=60, gt=0)
    chat_tokens_a_day: int = Field(default=0, ge=0)
    chat_price_input: float = Field(default=0, ge=0, allow_inf_nan=False)  # JSON has no infinity
    chat_price_output: float = Field(default=0, ge=0, allow_inf_nan=False)
    data_dir: Path = Path("data")
    discord_token: SecretStr = SecretStr("")
    discord_message_content: bool = False
    discord_separate_servers: bool = False
    discord_home: int = Field(default=0, ge=0)
    discord_person_a_minute: int = Field(default=6, gt=0)
    discord_server_a_minute: int = Field(default=120, gt=0)
    discord_overall_a_minute: int = Field(default=600, gt=0)

    @field_validator("essays_dir", "index_dir", "data_dir")
    @classmethod
    def _expand(cls, place: Path) -> Path:
        try:
            return place.expanduser()
        except RuntimeError as error:
            raise ValueError(f"{place} lies in the home directory of nobody here") from error


def read_settings() -> Settings:
    """The settings as they are now. Raises SettingsInvalid."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]).upper()
        raise SettingsInvalid(f"The setting {name} cannot be used: {first['msg']}.") from error
    except (OSError, ValueError) as error:
        raise SettingsInvalid(
            f"The settings cannot be read ({error}); see that .env is a text file in UTF-8."
        ) from error
